
// --- the stream: numbers of 16 bits, of which 10 are a fraction, in the order of groups and tiles ---
// What the host gave is read by the first layer that adds; what layers give is kept beside it.

reg [STREAM_BITS-1:0] place11, place12, place13;
always @(posedge clk) begin
    if (configure) place11 <= 0;
    else if (`RESULT(11) && is_stream) place11 <= place11 + 1'b1;
    place12 <= place11;
    place13 <= place12;
end
wire [PIXELS*OUTPUTS*PARTS*16-1:0] kept12, values13;
generate
for (o = 0; o < OUTPUTS; o = o + 1) begin : streams
    wire [PIXELS*PARTS*16-1:0] from_host, from_layer, to_layer;
    signs_memory #(.WIDTH(PIXELS * PARTS * 16), .DEPTH(FIRST_STREAM_DEPTH), .BITS(STREAM_BITS)) of_host (
        .clk(clk), .write(load_stream && stream_output == o), .write_at(stream_at), .data(stream_word),
        .read_at(place11), .read(from_host));
    signs_memory #(.WIDTH(PIXELS * PARTS * 16), .DEPTH(STREAM_DEPTH), .BITS(STREAM_BITS)) of_layers (
        .clk(clk), .write(`RESULT(13) && is_stream), .write_at(place13), .data(to_layer),
        .read_at(place11), .read(from_layer));
    for (p = 0; p < PIXELS; p = p + 1) begin : stream_pixels
        assign to_layer[p*PARTS*16 +: PARTS*16] = values13[(p*OUTPUTS+o)*PARTS*16 +: PARTS*16];
        assign kept12[(p*OUTPUTS+o)*PARTS*16 +: PARTS*16] =
            !adds ? {PARTS*16{1'b0}} : adds_first ? from_host[p*PARTS*16 +: PARTS*16] : from_layer[p*PARTS*16 +: PARTS*16];
    end
end
endgenerate
