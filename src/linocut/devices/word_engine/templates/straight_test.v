// +1 where the sum is the bound or more; with the highest bit of the test where it is not.
module straight_test #(parameter SUM_BITS = 2, TEST_WIDTH = 4) (
    input wire clk,
    input wire [TEST_WIDTH-1:0] test,
    input wire signed [SUM_BITS-1:0] sum,
    output reg positive
);
wire signed [TEST_WIDTH-2:0] bound = test[TEST_WIDTH-2:0];
always @(posedge clk) positive <= test[TEST_WIDTH-1] ^ (sum >= bound);
endmodule
