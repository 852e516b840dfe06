_base_ = ["./schedule_1x_base.py"]
data_root = os.path.join(HOME, "coco")
optim_wrapper = dict(optimizer=dict(lr=0.1))
