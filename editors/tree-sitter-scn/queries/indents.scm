[
  (entity) (event) (extend) (policy) (scenario) (test) (given_block) (cases) (given) (block) (split)
] @indent.begin
[ "}" ")" "]" ] @indent.end @indent.branch
