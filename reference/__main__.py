"""Write docs/reference again: ``python -m reference``."""

from reference.pages import write_pages

if __name__ == "__main__":
    write_pages()
