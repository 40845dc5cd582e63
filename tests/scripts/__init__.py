"""Small scripts in a language of their own: `load` rows, `eval` a query, `expect` an answer; run on every engine."""
