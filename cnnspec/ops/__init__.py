"""What a layer means: fields, shape rule, parameters, multiply-accumulates, receptive field."""
