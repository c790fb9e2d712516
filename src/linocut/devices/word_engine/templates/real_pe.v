// Real products of signs: twice the bits that are equal, less how many there are.
module product_sum #(parameter LANES = 1, COUNT_BITS = 1, SUM_BITS = 2) (
    input wire clk,
    input wire [LANES-1:0] signs,
    input wire [LANES-1:0] weight,
    input wire [LANES-1:0] mask,
    input wire [COUNT_BITS-1:0] count7,
    input wire first8,
    output reg signed [SUM_BITS-1:0] sum
);
reg [LANES-1:0] same;
reg [COUNT_BITS-1:0] p7;
wire [COUNT_BITS-1:0] p6;
reg signed [COUNT_BITS+1:0] sum8;
bit_count count_p (.x(same), .y(p6));
always @(posedge clk) begin
    same <= ~(signs ^ weight) & mask;
    p7 <= p6;
    sum8 <= $signed({1'b0, p7, 1'b0}) - $signed({2'b0, count7});
    sum <= first8 ? sum8 : sum + sum8;
end
endmodule
