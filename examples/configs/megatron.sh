#!/bin/bash
# Pretrains a small model.
GLOBAL_BATCH=64
export LR=6.0e-4

TRAINING_ARGS=(
    --train-iters 1000
    --lr-decay-iters 900
    --lr ${LR}
    --min-lr 6.0e-5
    --lr-decay-style cosine
    --lr-warmup-fraction .01
    --global-batch-size $GLOBAL_BATCH
    --weight-decay 0.1
)

torchrun --nproc_per_node 8 pretrain_gpt.py \
    "${TRAINING_ARGS[@]}" \
    --save $CHECKPOINTS
