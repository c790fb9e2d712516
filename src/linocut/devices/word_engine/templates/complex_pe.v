// Complex products of signs: of (+-1 +-i)(+-1 +-i) one part is 0, so that two counts of bits say both sums.
// A weight is its real bit and `other`, that bit xor its imaginary one. Sums are halved.
module product_sum #(parameter LANES = 1, COUNT_BITS = 1, SUM_BITS = 2) (
    input wire clk,
    input wire [LANES-1:0] real_signs,
    input wire [LANES-1:0] imaginary_signs,
    input wire [LANES-1:0] weight,
    input wire [LANES-1:0] other,
    input wire [LANES-1:0] mask,
    input wire [COUNT_BITS-1:0] count7,
    input wire first8,
    output reg signed [SUM_BITS-1:0] real_sum,
    output reg signed [SUM_BITS-1:0] imaginary_sum
);
reg [LANES-1:0] same, odd;
reg [COUNT_BITS-1:0] p7, q7;
wire [COUNT_BITS-1:0] p6, q6;
reg signed [COUNT_BITS+1:0] re8, im8;
wire [LANES-1:0] turned = (real_signs ^ imaginary_signs) & other;
bit_count count_p (.x(same), .y(p6));
bit_count count_q (.x(odd), .y(q6));
always @(posedge clk) begin
    same <= ~(real_signs ^ turned ^ weight) & mask;
    odd <= (imaginary_signs ^ turned ^ other ^ weight) & mask;
    p7 <= p6;
    q7 <= q6;
    re8 <= $signed({2'b0, p7}) + $signed({2'b0, q7}) - $signed({2'b0, count7});
    im8 <= $signed({2'b0, p7}) - $signed({2'b0, q7});
    real_sum <= first8 ? re8 : real_sum + re8;
    imaginary_sum <= first8 ? im8 : imaginary_sum + im8;
end
endmodule
