"""Plans that can run: skills as declared, plans as checked, execution as monitored.

Flow: `skills` reads the skill file into a `table`; `state` is what a plan may rely on; `grammar`
lists the steps that are possible now, for the model to choose from; `checker` judges what the
model wrote on the newest view; `execution` watches an accepted plan run.
"""
