"""Moving from another screener: import its traders, run beside it, compare, switch, go back."""
