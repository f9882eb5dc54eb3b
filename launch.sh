#!/usr/bin/env bash
# From a clone to a fine-tuned text-to-SQL adapter and its score. `./launch.sh` alone prints the usage.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
unset PYTHONDONTWRITEBYTECODE # set in many containers: every start would compile all of torch and transformers again

readonly VENV=.venv VENV_VLLM=.venv-vllm VENV_ASK=.venv-ask
readonly UV=uv==0.13.9 # installs in a third of pip's time; `./launch.sh setup` puts it into .venv
readonly TORCH_CPU_INDEX=https://download.pytorch.org/whl/cpu # asked only where pip is not configured to find torch's CPU build
readonly SHIPPED=models/qwen2.5_coder_0.5b_sql ASKED_BASE=qwen2.5-coder-0.5b-instruct # the shipped adapter and its base
readonly ALREADY_TRAINED=3                                    # exit status of recipes/recipe.py begin
dry_run=false
evaluate=true
base=(--base)
engine=() # of the evaluation: vLLM unless said
node=0 # of the machines that train together; the first keeps the records and evaluates
out= # the recipe's output folder
trainer=() # the program that trains it
cpu_keys=() # what the trainer is given beside it where there is no GPU
seconds_of=()
lock= # the file descriptor of the lock that is held
claimed= # that of the lock on the output folder
background= # the process that makes the second environment

usage() {
  cat <<'TEXT'
Usage: ./launch.sh RECIPE [KEY=VALUE ...]   set up, prepare data, train, evaluate base against adapter
       ./launch.sh sweep RECIPE KEY=VALUE,VALUE ... [--samples N] [--seed S] [--ray ADDRESS]
                                            every combination of the values, each in its own folder; then a table
       ./launch.sh ask DATABASE [QUESTION ...] [--adapter DIR] [--json]
                                            the SQL and the rows that answer questions about a SQLite file
       ./launch.sh serve DATABASE ... [--adapter DIR] [--port N]
                                            the same in a browser, for OpenAI clients and for agents (MCP)
       ./launch.sh own FILE.sqlite [--questions FILE] [--generate N] [--paraphrase] [KEY=VALUE ...]
                                            make pairs from a database's schema and rows, train on them, score before and after
       ./launch.sh export [FOLDER] [--gguf q8_0|f16|q4_k_m] [--ollama]
                                            an adapter and its base as GGUF for llama.cpp and Ollama
       ./launch.sh list                     the recipes and what they are; --memory: what GPU memory they need
       ./launch.sh setup                    make the three virtual environments and the presets of the web form
       ./launch.sh board                    LLaMA-Factory's web form, with the recipes as presets
       ./launch.sh test [PYTEST ARGUMENTS]  run the fast tests; with -m "not gpu and not network and not long" the slow too

Options: --dry-run      print every command and run none (but check the keys of the recipe)
         --no-evaluate  stop after the training
         --no-base      evaluate the adapter alone

KEY=VALUE replaces a key of the recipe: ./launch.sh gemma3_270m_lora learning_rate=1.0e-4 output_dir=out/slower

Several GPUs are used by themselves. Several machines: NNODES, NODE_RANK, MASTER_ADDR, or USE_RAY=1; see docs/clusters.md
TEXT
}

say() { printf '== %s\n' "$*"; }

fail() {
  printf 'launch.sh: %s\n' "$2" >&2
  exit "$1"
}

show() {
  printf '+'
  printf ' %q' "$@"
  printf '\n'
}

# Print a command, then run it unless this is a dry run.
run() {
  show "$@"
  $dry_run || "$@"
}

# Note how long a stage took, for the summary at the end.
took() {
  $dry_run || seconds_of+=("$1 $((SECONDS - $2)) s")
}

has_gpu() { nvidia-smi -L >/dev/null 2>&1; }

# As recipes/hardware.py, which says why it matters.
cpu_has_bf16() { grep -qwE 'amx_bf16|avx512_bf16|bf16' /proc/cpuinfo; }

# Whether the trainer will see more than one GPU, and so starts torchrun.
has_gpus() {
  if [[ -n ${CUDA_VISIBLE_DEVICES+set} ]]; then
    [[ $CUDA_VISIBLE_DEVICES == *,* ]] && has_gpu
  else
    (($(nvidia-smi -L 2>/dev/null | grep -c ^GPU) > 1))
  fi
}

find_python() {
  local python
  for python in python3.11 python3.12 python3 python; do
    if "$python" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null; then
      printf '%s' "$python"
      return
    fi
  done
  return 1
}

# Whether a virtual environment is there with the pins as they are now.
is_made() { [[ -x $1/bin/python ]] && cmp -s "$2" "$1/pins.txt"; }

# One virtual environment from its pins; nothing where it is made. $3: what is called before the pins are installed.
# Only .venv and .venv-ask have a pip.
make_venv() {
  local folder=$1 pins=$2 meanwhile=${3:-:} python start=$SECONDS without=() long="; this takes some minutes"
  if is_made "$folder" "$pins"; then return; fi
  python=$(find_python) || fail 1 "no Python 3.11 or 3.12 found. Debian, Ubuntu: apt-get install python3.11 python3.11-venv"
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail 1 "$python lacks the module venv. Debian, Ubuntu: apt-get install python3-venv"
  [[ $folder != "$VENV_ASK" ]] || long=
  say "set-up: $folder gets the $(grep -c == "$pins") packages pinned in $pins$long"
  if [[ -f $folder/pins.txt ]]; then
    run rm "$folder/pins.txt" # until the new pins are in, this environment counts as half made
  else
    [[ $folder != "$VENV_VLLM" ]] || without=(--without-pip)
    run "$python" -m venv --clear "${without[@]}" "$folder"
  fi
  "$meanwhile"
  install "$folder" "$pins"
  run cp "$pins" "$folder/pins.txt"
  took "set-up of $folder" "$start"
}

# The pins by uv, else by pip. torch's CPU build by pip: it may be configured to find that where uv does not look.
install() {
  local python=$1/bin/python pins=$2 torch status=0 index=() manager=$VENV/bin/python
  [[ $1 != "$VENV_ASK" ]] || manager=$python # it must not wait for .venv
  local pip=("$manager" -m pip --python "$python" install --disable-pip-version-check --no-compile --no-deps)
  if torch=$(grep -o '^torch==[0-9.]*+cpu' "$pins"); then
    $dry_run || "${pip[@]}" --quiet --dry-run "$torch" >/dev/null 2>&1 || index=(--extra-index-url "$TORCH_CPU_INDEX")
    run "${pip[@]}" "${index[@]}" "$torch"
  fi
  if [[ $1 == "$VENV_ASK" && ! -x $VENV/bin/uv ]]; then
    run "${pip[@]}" --quiet -r "$pins" # a dozen wheels: uv would have to be downloaded first
    return
  fi
  [[ -x $VENV/bin/uv ]] || run "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "$UV" || status=$?
  ((status > 0)) || run "$VENV/bin/uv" pip install --system-certs --python "$python" --no-deps -r "$pins" || status=$?
  ((status < 128)) || exit "$status" # interrupted
  if ((status > 0)); then
    say "uv could not install $pins, see above; trying pip, which takes longer"
    run "${pip[@]}" -r "$pins"
  fi
}

# What several machines or runs with one file system must not do at the same time: the first does it, the others find it done.
alone() {
  take_lock
  "$@"
  free_lock
}

take_lock() {
  local status=0
  if $dry_run || ! command -v flock >/dev/null; then return; fi
  exec {lock}>>"${1:-.launch.lock}"
  flock --nonblock "$lock" || status=$?
  if ((status == 1)); then # held by another; any other status is a file system without locks
    say "waiting for another run of launch.sh that prepares the same files"
    status=0
    flock "$lock" || status=$?
  fi
  ((status == 0)) ||
    say "flock fails here (status $status): continuing without a lock; do not start a second run in this folder before this one trains"
}

free_lock() {
  [[ -z $lock ]] || exec {lock}>&-
  lock=
}

# One run at a time in an output folder: two would write the same checkpoints. The trainer inherits the lock, so that it
# holds for as long as it runs, even where this script was killed.
claim() {
  local status=0
  if $dry_run || ! command -v flock >/dev/null; then return; fi
  mkdir -p "$1"
  exec {claimed}>>"$1/.launch.lock"
  flock --nonblock "$claimed" || status=$?
  ((status != 1)) ||
    fail 1 "$1: another run of launch.sh trains or evaluates there. Wait for it, or train into another folder with output_dir=${1%/}_2"
}

make_train_venv() { alone make_venv "$VENV" requirements/train.txt; }

vllm_pins() { if has_gpu; then echo requirements/vllm-cuda.txt; else echo requirements/vllm-cpu.txt; fi; }

# Under a lock of its own: it may take as long as the data and the training of another run.
make_vllm_venv() {
  take_lock .launch-vllm.lock
  make_venv "$VENV_VLLM" "$(vllm_pins)"
  free_lock
}

# The environment of `ask`: llama.cpp and nothing of LLaMA-Factory or vLLM.
make_ask_venv() {
  take_lock .launch-ask.lock
  make_venv "$VENV_ASK" requirements/ask.txt "$@"
  free_lock
}

# The base of the shipped adapter, in the background while pip installs: it is most of what a first question waits for.
# shellcheck disable=SC2329 # make_venv calls it
begin_base() {
  set -m
  run "$VENV_ASK/bin/python" models/run.py "$ASKED_BASE" --gguf </dev/null &
  background=$!
  set +m
  trap 'kill -- "-$background" 2>/dev/null || true' EXIT
}

# Ask or serve, $1 being the program. Only answers go to standard output.
answer() {
  local meanwhile=begin_base
  if [[ " $* " == *" --adapter"* || " $* " == *" --server"* ]]; then meanwhile=:; fi # the program brings what it needs
  make_ask_venv "$meanwhile" >&2
  if [[ -n $background ]]; then
    wait "$background" || fail 1 "the weights of $ASKED_BASE could not be brought, see above. The same command goes on from here"
    trap - EXIT
  fi
  show "$VENV_ASK/bin/python" "$@" >&2
  $dry_run || exec "$VENV_ASK/bin/python" "$@"
}

make_venvs() {
  make_train_venv
  make_ask_venv
  make_vllm_venv
}

# The recipes as presets of LLaMA-Factory's web form, which git ignores.
make_presets() { alone run "$VENV/bin/python" recipes/llamaboard.py; }

setup() {
  make_venvs
  make_presets
}

# Only the evaluation needs vLLM, and not for encoder-decoders.
needs_vllm() { $evaluate && ((node == 0)) && [[ ${trainer[*]} != *seq2seq* && ${engine[*]} != *llamacpp* ]]; }

# The environment of vLLM while data and training are under way: in a process group of its own, behind everything else.
begin_vllm_venv() {
  if is_made "$VENV_VLLM" "$(vllm_pins)"; then return; fi
  say "set-up of $VENV_VLLM: in the background; its output goes to $VENV_VLLM.log"
  if $dry_run; then
    make_vllm_venv
    return
  fi
  set -m
  (
    [[ -z $claimed ]] || exec {claimed}>&-
    renice -n 19 "$BASHPID" >/dev/null 2>&1 || true
    make_vllm_venv
  ) >"$VENV_VLLM.log" 2>&1 </dev/null &
  background=$!
  set +m
  trap 'kill -- "-$background" 2>/dev/null || true' EXIT
}

wait_for_vllm_venv() {
  local start=$SECONDS
  if [[ -z $background ]]; then return; fi
  say "waiting until $VENV_VLLM is made"
  if ! wait "$background"; then
    tail -n 20 "$VENV_VLLM.log" >&2
    fail 1 "the set-up of $VENV_VLLM failed, see above; all of its output is in $VENV_VLLM.log. Run the same command to continue"
  fi
  took "waiting for $VENV_VLLM" "$start"
}

list() {
  local file
  if [[ ${1:-} == --memory ]]; then
    [[ -x $VENV/bin/python ]] || fail 2 "list --memory needs $VENV. Run ./launch.sh setup"
    "$VENV/bin/python" recipes/memory.py
    return
  fi
  [[ -z ${1:-} ]] || fail 2 "list takes --memory or nothing, not '$1'"
  for file in recipes/*.yaml; do
    printf '%-32s %s\n' "$(basename "$file" .yaml)" "$(head -n 1 "$file" | sed 's/^# *//')"
  done
}

# What a machine without a GPU needs: other keys for the trainer, and memory that is kept between steps.
prepare_for_cpu() {
  cpu_keys=(use_cpu=true "bf16=$(cpu_has_bf16 && echo true || echo false)" fp16=false)
  say "no GPU found: training on the CPU (${cpu_keys[*]})"
  # Without these, glibc gives every large buffer back to the kernel after use: a training step then takes twice as long.
  # Buffers over 256 MB are given back all the same: those of conversations differ in size, and kept ones would add up.
  export MALLOC_MMAP_THRESHOLD_=268435456 MALLOC_TRIM_THRESHOLD_=17179869184
}

# The trainer prints configurations by the page; what matters are its progress, losses and warnings.
export LLAMAFACTORY_VERBOSITY=${LLAMAFACTORY_VERBOSITY:-WARNING}

is_on() { [[ ${1,,} =~ ^(1|true|y)$ ]]; } # as LLaMA-Factory reads its switches

# Several processes or machines: LLaMA-Factory's variables, completed and checked before anything starts.
prepare_for_many() {
  local nodes=${NNODES:-1} IFS=, # the words of $* are then joined by commas
  export PATH=$PWD/$VENV/bin:$PATH # where LLaMA-Factory looks for torchrun
  [[ $nodes =~ ^[1-9][0-9]*$ ]] || fail 2 "NNODES=$nodes is not a number of machines"
  if ((nodes > 1)); then
    if [[ ! ${NODE_RANK:-} =~ ^[0-9]+$ ]] || ((NODE_RANK >= nodes)); then
      fail 2 "NNODES=$nodes needs NODE_RANK, from 0 to $((nodes - 1)), a different one on each machine"
    fi
    [[ -n ${MASTER_ADDR:-} ]] || fail 2 "NNODES=$nodes needs MASTER_ADDR, the address of the machine with NODE_RANK=0"
    node=$NODE_RANK
    # Without these, LLaMA-Factory trains each machine with one GPU on its own, and each looks for a port of its own.
    export FORCE_TORCHRUN=1 MASTER_PORT=${MASTER_PORT:-29500}
    say "machine $node of $nodes (counted from 0); they meet at $MASTER_ADDR:$MASTER_PORT"
  fi
  if is_on "${FORCE_TORCHRUN:-}"; then
    ! is_on "${USE_RAY:-}" || fail 2 "USE_RAY and torchrun (NNODES, FORCE_TORCHRUN) cannot be used together: Ray manages its machines itself"
    has_gpu || export NPROC_PER_NODE=${NPROC_PER_NODE:-1}
  elif is_on "${USE_RAY:-}" && ! has_gpu; then
    say "Ray without a GPU: LLaMA-Factory waits until a Ray node joins that has 10 CPUs for each CPU there is now"
  fi
  if is_on "${FORCE_TORCHRUN:-}" || { ! is_on "${USE_RAY:-}" && has_gpus; }; then
    [[ $PWD$* != *[[:space:]]* ]] ||
      fail 2 "LLaMA-Factory starts torchrun without quoting: no spaces are allowed in '$PWD' and in KEY=VALUE"
  fi
}

prepare_tracking() {
  export WANDB_PROJECT=${WANDB_PROJECT:-text-to-sql} WANDB_DIR=$1
  if [[ -z ${WANDB_API_KEY:-} ]]; then
    export WANDB_MODE=${WANDB_MODE:-offline}
    say "WANDB_API_KEY is not set: Weights & Biases writes to $1/wandb (mode $WANDB_MODE)"
  fi
}

is_set_up() { is_made "$VENV" requirements/train.txt; }

# The output folder and the trainer of a recipe with its overrides. A wrong key or value ends the run here, a dry run too.
# Only a dry run before the set-up has no Python to ask: the stage and output_dir= that `launch` saw have to do.
read_recipe() {
  local stage=$1 command=("$VENV/bin/python" recipes/recipe.py check "${@:2}") answer
  show "${command[@]}"
  if is_set_up; then
    answer=$("${command[@]}")
    { read -r out && read -ra trainer; } <<<"$answer"
  elif [[ $stage == seq2seq* ]]; then # a comment may follow
    trainer=(python seq2seq/train.py)
  else
    trainer=(llamafactory-cli train)
  fi
}

# Encoder-decoders (stage: seq2seq) know no Ray. Without a GPU, LLaMA-Factory's training in one process is started by a
# program that leaves out what a CPU need not compute.
choose_trainer() {
  if is_on "${USE_RAY:-}"; then
    [[ ${trainer[0]} == llamafactory-cli ]] ||
      fail 2 "$1 cannot be trained on Ray. Unset USE_RAY; for several machines see NNODES in docs/clusters.md"
  elif [[ ${trainer[0]} == llamafactory-cli ]] && ! has_gpu && ! is_on "${FORCE_TORCHRUN:-}"; then
    trainer=(python recipes/train_on_cpu.py)
  fi
}

train() {
  local recipe=$1 start=$SECONDS status=0 step="begin"
  shift
  if ((node > 0)); then step="join"; fi
  run "$VENV/bin/python" recipes/recipe.py "$step" "$recipe" "$@" || status=$?
  if ((status == ALREADY_TRAINED)); then
    say "$out is trained already with these settings; to start over add overwrite_output_dir=true"
    return
  fi
  ((status == 0)) || exit "$status"
  if ((node == 0)); then prepare_tracking "$out"; fi
  run "$VENV/bin/${trainer[0]}" "${trainer[@]:1}" "$recipe" "$@"
  if ((node == 0)); then run "$VENV/bin/python" recipes/recipe.py finish "$out" "$((SECONDS - start))"; fi
  took training "$start"
}

launch() {
  local name=${1#recipes/} recipe stage word start
  name=${name%.yaml} # a file name, as a shell completes it, is good too
  recipe=recipes/$name.yaml out=out/$name
  shift
  [[ -f $recipe ]] || fail 2 "no recipe '$name'; the recipes are: $(list | cut -d ' ' -f 1 | xargs)"
  stage=$(sed -n 's/^stage: *//p' "$recipe")
  for word in "$@"; do
    case $word in
      output_dir=*) out=${word#*=} ;;
      stage=*) stage=${word#*=} ;;
      ?*=*) ;;
      *) fail 2 "'$word' is not KEY=VALUE, as in learning_rate=5.0e-5" ;;
    esac
  done
  prepare_for_many "$@"
  make_train_venv
  read_recipe "$stage" "$recipe" "$@"
  choose_trainer "$recipe"
  ((node > 0)) || claim "$out"
  if needs_vllm; then begin_vllm_venv; fi
  start=$SECONDS
  alone run "$VENV/bin/python" models/run.py "$recipe" "$@"
  took weights "$start"
  start=$SECONDS
  alone run "$VENV/bin/python" converters/run.py --recipe "$recipe" "$@"
  took data "$start"
  has_gpu || prepare_for_cpu
  train "$recipe" "${cpu_keys[@]}" "$@"
  if $evaluate && ((node == 0)); then
    wait_for_vllm_venv
    start=$SECONDS
    run "$VENV/bin/python" evaluate/run.py --adapter "$out" "${base[@]}" "${engine[@]}"
    took evaluation "$start"
  fi
  $dry_run || summary
}

# From a database to an adapter that knows it: made pairs, the shipped adapter trained on, scores before and after. A
# person's own questions are never trained on here: they are the test.
own() {
  local database=${1:-} questions=() pairs=600 words=() stem out data=data/own_chat recipe=qwen2.5_coder_0.5b_own_lora
  local paraphrase=false wordings=() made
  [[ -n $database && $database != -* ]] || fail 2 "own needs a database: ./launch.sh own FILE.sqlite"
  [[ -f $database ]] || fail 2 "$database: no such file. Give the path of a SQLite database"
  shift
  while (($#)); do
    case $1 in
      --questions | --generate)
        [[ -n ${2:-} ]] || fail 2 "$1 needs a value"
        if [[ $1 == --questions ]]; then questions=(--questions "$2" --hold-back-questions); else pairs=$2; fi
        shift
        ;;
      --paraphrase) paraphrase=true ;;
      *=*) words+=("$1") ;;
      *) fail 2 "own takes --questions FILE, --generate N, --paraphrase and KEY=VALUE, not '$1'" ;;
    esac
    shift
  done
  stem=$(basename "${database%.*}" | tr -c '[:alnum:]_.\n-' _)
  out=out/own_$stem
  for word in "${words[@]}"; do [[ $word == output_dir=* ]] && out=${word#output_dir=}; done
  words=("output_dir=$out" "${words[@]}")
  make_train_venv
  alone run "$VENV/bin/python" models/run.py "recipes/$recipe.yaml" "${words[@]}"
  made=(--database "$database" --db-id "$stem" --generate "$pairs" "${questions[@]}")
  if $paraphrase; then
    make_ask_venv
    wordings=(--wordings "data/own_${stem}_wordings.jsonl")
    alone run "$VENV/bin/python" converters/run.py own --name own_made "${made[@]}"
    run "$VENV_ASK/bin/python" evaluate/paraphrase.py data/own_made_train.json --databases data/databases/own_made \
      --out "${wordings[1]}"
  fi
  alone run "$VENV/bin/python" converters/run.py own --name own_chat "${made[@]}" "${wordings[@]}"
  alone run "$VENV/bin/python" converters/run.py practice --name practice_replay # before the plan, which counts its tokens
  run mkdir -p "$out"
  run cp "${data}_data.html" "$out/data.html"
  run "$VENV/bin/python" converters/questions/plan.py own_chat "recipes/$recipe.yaml" "${words[@]}"
  base=()
  if $evaluate && ! has_gpu && [[ " ${words[*]}" != *" model_name_or_path="* ]]; then # as it will be asked; vLLM starts slowly
    make_ask_venv
    engine=(--engine llamacpp)
  fi
  launch "$recipe" "${words[@]}"
  if $evaluate; then
    score_own "$out"
    say "before and after, on pairs held back from the training: $out/before/report.md, $out/evaluation/report.md"
  fi
  say "look through the pairs and strike out bad ones: $out/data.html"
  say "ask: ./launch.sh ask $(printf '%q' "$database") --adapter $out"
}

# The shipped adapter on the same rows; then both on the person's own questions alone.
score_own() {
  local yours=data/own_chat_yours.json score=("$VENV/bin/python" evaluate/run.py "${engine[@]}" --adapter)
  run "${score[@]}" "$SHIPPED" --data data/own_chat_eval.json --out "$1/before"
  if $dry_run || [[ ! -f $yours ]]; then return; fi
  say "your own questions alone, before and after"
  run "${score[@]}" "$SHIPPED" --data "$yours" --databases data/databases/own_chat --out "$1/yours_before"
  run "${score[@]}" "$1" --data "$yours" --databases data/databases/own_chat --out "$1/yours"
}

# An adapter as one file for other programs.
export_adapter() {
  make_train_venv
  run "$VENV/bin/python" models/export.py "$@"
}

sweep() {
  $evaluate || fail 2 "sweep --no-evaluate: there would be nothing to compare. Leave --no-evaluate out."
  make_venvs # its lock is free again when the points take it
  if $dry_run; then
    [[ -x $VENV/bin/python ]] || fail 1 "sweep --dry-run checks every point, which needs $VENV. Run ./launch.sh setup"
    set -- "$@" --dry-run
  fi
  "$VENV/bin/python" sweep/run.py "$@"
}

# LLaMA-Factory's web form, for this machine alone unless GRADIO_SERVER_NAME says otherwise.
board() {
  make_train_venv
  export GRADIO_ANALYTICS_ENABLED=False GRADIO_SERVER_NAME=${GRADIO_SERVER_NAME:-127.0.0.1}
  export PATH=$PWD/$VENV/bin:$PATH # where the form's Start button looks for llamafactory-cli
  run mkdir -p out
  prepare_tracking out
  if ! has_gpu; then
    prepare_for_cpu
    say 'in the form that is "use_cpu": true among the Extra arguments, and the compute type bf16'
  fi
  make_presets
  run "$VENV/bin/llamafactory-cli" webui
}

summary() {
  local line
  say "seconds a stage:"
  for line in "${seconds_of[@]}"; do printf '   %s\n' "$line"; done
  printf '   all %s s\n' "$SECONDS"
}

main() {
  local words=() word
  for word in "$@"; do
    case $word in
      --dry-run) dry_run=true ;;
      --no-evaluate) evaluate=false ;;
      --no-base) base=() ;;
      *) words+=("$word") ;;
    esac
  done
  set -- "${words[@]}"
  case ${1:-} in
    '' | help | -h | --help) usage ;;
    list) list "${2:-}" ;;
    setup) setup ;;
    sweep)
      shift
      sweep "$@"
      ;;
    own)
      shift
      own "$@"
      ;;
    board) board ;;
    export)
      shift
      export_adapter "$@"
      ;;
    ask)
      shift
      answer evaluate/ask.py "$@"
      ;;
    serve)
      shift
      answer serve/run.py "$@"
      ;;
    test)
      make_venvs
      shift
      if [[ " $* " == *" -m "* ]]; then
        # Real trainings and engines: two at a time with a thread each, most of their time is start-up.
        export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
        set -- -n auto --maxprocesses 2 --dist loadfile "$@"
      else
        set -- -n auto --maxprocesses 4 "$@"
      fi
      run "$VENV/bin/python" -m pytest "$@"
      ;;
    -*)
      usage >&2
      exit 2
      ;;
    *) launch "$@" ;;
  esac
}

main "$@"
exit # nothing below is read: this file may be replaced (git pull) while it runs
