// +1 where a re + b im + shift is 0 or more; a test is {a, b, shift}.
module turned_test #(parameter SUM_BITS = 2, TEST_WIDTH = 80) (
    input wire clk,
    input wire [TEST_WIDTH-1:0] test,
    input wire signed [SUM_BITS-1:0] real_sum,
    input wire signed [SUM_BITS-1:0] imaginary_sum,
    output reg positive
);
localparam SHIFT_BITS = TEST_WIDTH - 2 * %factor_bits;
wire signed [%factor_bits-1:0] a = test[TEST_WIDTH-1 -: %factor_bits];
wire signed [%factor_bits-1:0] b = test[SHIFT_BITS +: %factor_bits];
reg signed [%factor_bits-1:0] a10, b10;
reg signed [SUM_BITS-1:0] re10, im10;
reg signed [SHIFT_BITS-1:0] shift10, shift11, re11, im11, sum12;
always @(posedge clk) begin
    a10 <= a;
    b10 <= b;
    re10 <= real_sum;
    im10 <= imaginary_sum;
    shift10 <= test[SHIFT_BITS-1:0];
    re11 <= a10 * re10;
    im11 <= b10 * im10;
    shift11 <= shift10;
    sum12 <= re11 + im11 + shift11;
    positive <= ~sum12[SHIFT_BITS-1];
end
endmodule
