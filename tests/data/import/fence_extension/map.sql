SELECT 1;
;
SELECT load_extension('x');