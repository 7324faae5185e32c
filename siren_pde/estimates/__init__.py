"""How right an answer is: its error and its conditions' residuals, at points no method has seen."""
