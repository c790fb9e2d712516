    input wire load_stream,
    input wire [%stream_at_bits-1:0] stream_at,
    input wire [%output_bits-1:0] stream_output,
    input wire [%stream_bits-1:0] stream_word,
