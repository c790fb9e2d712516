%about
#include "Vbench.h"
#include "verilated.h"

int main(int count, char** arguments) {
    VerilatedContext context;
    context.commandArgs(count, arguments);
    Vbench bench{&context};
    while (!context.gotFinish()) {
        bench.clk = !bench.clk;
        bench.eval();
        context.timeInc(1);
    }
    return 0;
}
