%about
`timescale 1ns / 1ps

// Runs frames through the engine one after the other, and compares every sign and every sum that it gives with
// prediction's, and the cycles of each frame with the model's. A frame is read in while the one before is computed.
module bench (input wire clk);
localparam FRAMES = %frames, WORDS = %words, WORDS_IN = %words_in, PIXELS = %pixels;
localparam SIGNS = %signs, SIGNS_WIDTH = %signs_bits, SUMS = %sums, SUMS_WIDTH = %sums_bits, SUM_BITS = %out_bits;
localparam CYCLES = %cycles, ROWS = %rows;

reg [%word_bits-1:0] frames [0:FRAMES*WORDS-1];
%stream_memory
reg [2*SIGNS_WIDTH-1:0] expected_signs [0:%signs_rows];
reg [2*SUMS_WIDTH-1:0] expected_sums [0:FRAMES*SUMS-1];
initial begin
    $readmemh("%{name}_frames.hex", frames);
    %read_signs
    $readmemh("%{name}_sums.hex", expected_sums);
    %read_stream
end

reg [31:0] time_now = 0, begun = 0, first_begun = 0;
reg [31:0] frame = 0, loaded = 0, word = 0, row = 0, pixel = 0, in_word = 0, signs_seen = 0, sums_seen = 0;
reg [31:0] wrong_signs = 0, wrong_sums = 0, wrong_cycles = 0, counted = 0;
reg busy = 0, waits = 0;
wire reset = time_now < 32;
wire done, room, sums_valid, signs_valid;
wire [SUMS_WIDTH-1:0] sums;
wire [SIGNS_WIDTH-1:0] signs;
// A frame may be read in when there is room, and none that has been read in waits.
wire loads = !reset && loaded < FRAMES && room && !waits && !start;
wire load = loads && word < WORDS;
wire load_stream = loads && row < ROWS;
wire start = !reset && done && waits;
%name engine (
    .clk(clk), .reset(reset), .start(start), .done(done), .room(room),
    .load(load), .load_at(((pixel / PIXELS) * WORDS_IN + in_word) * PIXELS + pixel %% PIXELS),
    .load_word(frames[loaded * WORDS + word]),%stream_ports
    .sums_valid(sums_valid), .sums(sums), .signs_valid(signs_valid), .signs(signs));

wire [2*SIGNS_WIDTH-1:0] now_signs = expected_signs[signs_seen];
wire [SIGNS_WIDTH-1:0] other_signs = (signs ^ now_signs[0 +: SIGNS_WIDTH]) & now_signs[SIGNS_WIDTH +: SIGNS_WIDTH];
wire [2*SUMS_WIDTH-1:0] now_sums = expected_sums[sums_seen];
wire [SUMS_WIDTH-1:0] other_sums = (sums ^ now_sums[0 +: SUMS_WIDTH]) & now_sums[SUMS_WIDTH +: SUMS_WIDTH];

function [31:0] signs_of(input [SIGNS_WIDTH-1:0] other);
    integer at;
    begin
        signs_of = 0;
        for (at = 0; at < SIGNS_WIDTH; at = at + 1) signs_of = signs_of + {31'd0, other[at]};
    end
endfunction
function [31:0] sums_of(input [SUMS_WIDTH-1:0] other);
    integer at;
    begin
        sums_of = 0;
        for (at = 0; at < SUMS_WIDTH; at = at + SUM_BITS) sums_of = sums_of + {31'd0, |other[at +: SUM_BITS]};
    end
endfunction

always @(posedge clk) begin
    time_now <= time_now + 1;
    if (load) begin
        in_word <= in_word == WORDS_IN - 1 ? 0 : in_word + 1;
        if (in_word == WORDS_IN - 1) pixel <= pixel + 1;
        word <= word + 1;
    end
    if (load_stream) row <= row + 1;
    if (loads && word + load == WORDS && row + load_stream == ROWS) begin
        word <= 0;
        row <= 0;
        pixel <= 0;
        loaded <= loaded + 1;
        waits <= 1;
    end
    if (start) begin
        waits <= 0;
        busy <= 1;
        begun <= time_now;
        if (!busy && frame == 0) first_begun <= time_now;
    end
    if (signs_valid) begin
        signs_seen <= signs_seen + 1;
        wrong_signs <= wrong_signs + signs_of(other_signs);
    end
    if (sums_valid) begin
        sums_seen <= sums_seen + 1;
        wrong_sums <= wrong_sums + sums_of(other_sums);
    end
    if (busy && done) begin
        counted <= time_now - begun;
        if (time_now - begun != CYCLES) wrong_cycles <= wrong_cycles + 1;
        frame <= frame + 1;
        if (!start) busy <= 0;
    end
    if (frame == FRAMES || (busy && time_now - begun > 2 * CYCLES + 1000)) begin
        $display("frames %%0d of %%0d, cycles %%0d, model %%0d, frames off the model %%0d, wrong signs %%0d, wrong sums %%0d, words %%0d of %%0d, sums %%0d of %%0d",
            frame, FRAMES, counted, CYCLES, wrong_cycles, wrong_signs, wrong_sums, signs_seen, FRAMES * SIGNS, sums_seen,
            FRAMES * SUMS);
        $finish;
    end
end
endmodule
