"""Specs from somebody who means harm, and what every output must be whatever they hold."""
