// +1 where a re + b im + shift is 0 or more; a test is {a, b, shift}. Of a stream that is scaled, added to what is kept,
// and saturated, and the sign is that of the sum.
module stream_test #(parameter SUM_BITS = 2, TEST_WIDTH = 80) (
    input wire clk,
    input wire [TEST_WIDTH-1:0] test,
    input wire signed [SUM_BITS-1:0] real_sum,
    input wire signed [SUM_BITS-1:0] imaginary_sum,
    input wire is_stream,
    input wire signed [15:0] kept12,
    output reg signed [15:0] value,
    output reg positive
);
localparam SHIFT_BITS = TEST_WIDTH - 2 * %factor_bits;
wire signed [%factor_bits-1:0] a = test[TEST_WIDTH-1 -: %factor_bits];
wire signed [%factor_bits-1:0] b = test[SHIFT_BITS +: %factor_bits];
reg signed [%factor_bits-1:0] a10, b10;
reg signed [SUM_BITS-1:0] re10, im10;
reg signed [SHIFT_BITS-1:0] shift10, shift11, re11, im11, sum12;
wire signed [SHIFT_BITS-1:0] total12 = (sum12 >>> %down) + kept12;
wire signed [15:0] within12 = total12 > 32767 ? 16'sd32767 : total12 < -32768 ? -16'sd32768 : total12[15:0];
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
    value <= within12;
    positive <= is_stream ? ~within12[15] : ~sum12[SHIFT_BITS-1];
end
endmodule
