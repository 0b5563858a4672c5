# choose.awk HOLDOUT MODEL...: asks each model which species the flowers set aside are, and keeps the best one.
# The contract by variables: -v chosen=FILE -v metrics=FILE -v confusion=FILE name what is written.

BEGIN {
  FS = ","
  best = -1
  for (m = 2; m < ARGC; m++) {
    right = judge(ARGV[m], ARGV[1])
    printf "%d of %d with %s\n", right, asked, header
    if (right > best) {
      best = right
      winner = ARGV[m]
    }
  }

  judge(winner, ARGV[1])
  while ((getline line < winner) > 0) print line > chosen
  close(winner)
  printf "{\"accuracy\": %.4f, \"flowers\": %d, \"models\": %d}\n", best / asked, asked, ARGC - 2 > metrics
  print "species,answer,flowers" > confusion
  for (i = 1; i <= kinds; i++)
    for (j = 1; j <= kinds; j++)
      print kind[i] "," kind[j] "," answers[kind[i], kind[j]] + 0 > confusion
  exit
}

# How many flowers of the table the model names rightly. Sets asked, header, kind, kinds and answers.
function judge(model, table,    i, c, column, middle, count, nearest, least, far, right) {
  getline header < model
  count = split(header, column)
  kinds = 0
  while ((getline < model) > 0) {
    kind[++kinds] = $1
    for (c = 2; c <= count; c++) middle[kinds, c] = $c
  }
  close(model)

  getline < table
  for (i = 1; i <= NF; i++) position[$i] = i
  split("", answers)
  asked = right = 0
  while ((getline < table) > 0) {
    least = -1
    for (i = 1; i <= kinds; i++) {
      far = 0
      for (c = 2; c <= count; c++) far += ($(position[column[c]]) - middle[i, c]) ^ 2
      if (least < 0 || far < least) {
        least = far
        nearest = kind[i]
      }
    }
    asked++
    answers[$(position["species"]), nearest]++
    right += ($(position["species"]) == nearest)
  }
  close(table)
  return right
}
