# Finds the middle of each species, in the columns whose names begin as asked ("petal", "sepal", or "" for all).
# The contract by environment: MLOPS_INPUT_LEARNING is read, MLOPS_OUTPUT_MODEL is written.

BEGIN {
  FS = ","
  OFS = ","
  table = ENVIRON["MLOPS_INPUT_LEARNING"]
  model = ENVIRON["MLOPS_OUTPUT_MODEL"]

  if ((getline < table) <= 0) {
    print "nothing to read in " table > "/dev/stderr"
    exit 1
  }
  species = NF
  for (i = 1; i < NF; i++)
    if (measures == "all" || index($i, measures "_") == 1) columns[++count] = i
  for (c = 1; c <= count; c++) name[c] = $(columns[c])

  while ((getline < table) > 0) {
    if (!($species in flowers)) order[++kinds] = $species
    flowers[$species]++
    for (c = 1; c <= count; c++) sum[$species, c] += $(columns[c])
  }

  # A model is a table: a species a line, the middle of each measure.
  line = "species"
  for (c = 1; c <= count; c++) line = line OFS name[c]
  print line > model
  for (k = 1; k <= kinds; k++) {
    line = order[k]
    for (c = 1; c <= count; c++) line = line OFS sprintf("%.4f", sum[order[k], c] / flowers[order[k]])
    print line > model
    print line
  }
}
