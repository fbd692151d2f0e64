[
  (entity) (event) (extend) (policy) (scenario) (test) (given_block) (cases) (given) (block) (split)
] @fold
