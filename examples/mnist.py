"""Train the paper's perceptron on MNIST in ten lines. Get the data first: linocut data get mnist."""

import linocut as lc

train, test = lc.data.load("mnist")
trainer = lc.Trainer(lc.models.mlp(), policy="lean", optimizer=lc.Adam(1e-3), batch_size=100, schedule="cosine")
print(trainer.plan)  # the memory table, before anything is allocated
trainer.fit(train, epochs=8, validate=test, callbacks=[lc.ProgressBar()])
print(f"test accuracy {trainer.evaluate(test).accuracy:.2%}")

trainer.save("runs/mnist-python")  # lc.Trainer.resume goes on from there, lc.load predicts
print(lc.load("runs/mnist-python").evaluate(test))
