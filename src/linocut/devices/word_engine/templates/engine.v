%about
`default_nettype none

// %name: %pixels pixels x %outputs outputs x %lanes lanes of %kind products a cycle.
//
// A frame is read in at `load`, a word of one pixel a cycle, while `room` is high; `start` begins it while `done` is
// high, and `done` is high again when it has ended: %cycles cycles later. Sums of the last layer come out at `sums`,
// a tile of outputs of a group of pixels at a time, the first pixel and output in the lowest bits, the real part before
// the imaginary one. `signs` shows the words of signs that are written on the way, and may be left open.
module %name (
    input wire clk,
    input wire reset,
    input wire start,
    output wire done,
    output reg room,
    input wire load,
    input wire [%load_bits-1:0] load_at,
    input wire [%word_bits-1:0] load_word,
%stream_ports    output wire sums_valid,
    output wire [%sums_bits-1:0] sums,
    output wire signs_valid,
    output wire [%signs_bits-1:0] signs
);
%parameters

// --- which step it is ---

localparam IDLE = 2'd0, PREPARE = 2'd1, RUN = 2'd2, DRAIN = 2'd3;
reg [1:0] state;
reg [LAYER_BITS-1:0] layer;
reg [STEP_BITS-1:0] step, tile_start, layer_start, step_next;
reg [TILE_BITS-1:0] tile, tile_base;
reg [SLOT_BITS-1:0] slot;
reg [GROUP_BITS-1:0] group;
reg [SIDE_BITS-1:0] across, down;
reg signed [PLACE_BITS-1:0] offset_x, offset_y;
reg [FILL_BITS-1:0] filling;
reg first;

// A step: idle, tail, end of group, end of tile, row and column of the tap, word.
(* rom_style = "block" *) reg [STEP_WIDTH-1:0] steps [0:STEPS-1];
initial $readmemh("%steps_file", steps);
reg [STEP_WIDTH-1:0] entry;
always @(posedge clk) entry <= steps[step_next];
wire [WORD_BITS-1:0] word = entry[0 +: WORD_BITS];
wire [TAP_BITS-1:0] tap_x = entry[WORD_BITS +: TAP_BITS];
wire [TAP_BITS-1:0] tap_y = entry[WORD_BITS + TAP_BITS +: TAP_BITS];
wire [3:0] marks = entry[WORD_BITS + 2 * TAP_BITS +: 4];
wire last_of_tile = marks[0], last_of_group = marks[1], tail = marks[2], idle = marks[3];

// What the layer is, from a table.
reg [GROUP_BITS-1:0] groups_last;
reg [SIDE_BITS-1:0] across_last, down_last;
reg signed [PLACE_BITS-1:0] stride, move, advance_x, advance_y, wrap_x, wrap_y, height, width;
reg [PLACE_BITS-1:0] given_width, advance;
reg [WORD_BITS:0] words_in, words_out;
reg [LANES-1:0] tail_mask;
reg [COUNT_BITS-1:0] tail_count;
reg [1:0] reads, writes;
reg is_final, is_or, frees, is_stream, adds, adds_first;
reg [PIXELS*PLACE_BITS-1:0] begin_x, begin_y, begin_column;
wire [LAYER_BITS-1:0] next_layer = state == PREPARE ? {LAYER_BITS{1'b0}} : layer + 1'b1;
reg [CONFIG_WIDTH-1:0] found;
always @* begin
    case (next_layer)
%table
        default: found = {CONFIG_WIDTH{1'b0}};
    endcase
end

wire window_last = across == across_last && down == down_last;
wire ends_tile = last_of_tile && window_last;
wire ends_group = ends_tile && last_of_group;
wire ends_layer = ends_group && group == groups_last;
wire running = state == RUN;
assign done = state == IDLE;
wire configure = state == PREPARE || (state == DRAIN && filling == 0 && layer != LAYERS - 1);

always @* begin
    step_next = step;
    if (state == IDLE || state == PREPARE) step_next = 0;
    else if (running) begin
        if (!last_of_tile || ends_layer) step_next = step + 1'b1;
        else if (!window_last) step_next = tile_start;
        else if (!last_of_group) step_next = step + 1'b1;
        else step_next = layer_start;
    end
end

always @(posedge clk) begin
    step <= step_next;
    if (reset) state <= IDLE;
    else case (state)
        IDLE: if (start) state <= PREPARE;
        PREPARE: state <= RUN;
        RUN: if (ends_layer) state <= DRAIN;
        DRAIN: if (filling == 0) state <= layer == LAYERS - 1 ? IDLE : RUN;
    endcase
    if (state == DRAIN) filling <= filling - 1'b1;
    if (running && last_of_tile && ends_layer) filling <= FILL + words_out - 1;
    if (configure) layer <= next_layer;
    if (state == IDLE || state == PREPARE) begin
        tile_start <= 0;
        layer_start <= 0;
        tile <= 0;
        tile_base <= 0;
        slot <= 0;
        group <= 0;
        across <= 0;
        down <= 0;
        offset_x <= 0;
        offset_y <= 0;
        first <= 1'b1;
    end else if (running) begin
        first <= last_of_tile && (is_or || window_last);
        if (last_of_tile) begin
            across <= across == across_last ? {SIDE_BITS{1'b0}} : across + 1'b1;
            offset_x <= across == across_last ? {PLACE_BITS{1'b0}} : offset_x + stride;
            if (across == across_last) begin
                down <= down == down_last ? {SIDE_BITS{1'b0}} : down + 1'b1;
                offset_y <= down == down_last ? {PLACE_BITS{1'b0}} : offset_y + stride;
            end
        end
        if (ends_tile) begin
            tile_start <= ends_group && !ends_layer ? layer_start : step + 1'b1;
            if (ends_group) begin
                slot <= 0;
                group <= ends_layer ? {GROUP_BITS{1'b0}} : group + 1'b1;
                tile <= ends_layer ? (idle ? tile : tile + 1'b1) : tile_base;
                if (ends_layer) begin
                    tile_base <= idle ? tile : tile + 1'b1;
                    layer_start <= step + 1'b1;
                end
            end else if (!idle) begin
                slot <= slot + 1'b1;
                tile <= tile + 1'b1;
            end
        end
    end
    if (configure)
        {groups_last, across_last, down_last, stride, move, advance_x, advance_y, wrap_x, wrap_y, height, width,
            given_width, advance, words_in, words_out, tail_mask, tail_count, reads, writes, is_final, is_or, frees,
            is_stream, adds, adds_first,
            begin_x, begin_y, begin_column} <= found;
    // The first buffer has room again when no layer to come reads it.
    if (reset) room <= 1'b1;
    else if (state == IDLE && start) room <= 1'b0;
    else if (running && ends_layer && frees) room <= 1'b0;
    else if (state == DRAIN && frees && filling == 0) room <= 1'b1;
end

// What follows a step through the pipeline.
localparam CONTROL = 6 + SLOT_BITS + TILE_BITS;
localparam DEPTH = 10 + NORM;
reg [CONTROL-1:0] follows [1:DEPTH];
integer at;
always @(posedge clk) begin
    follows[1] <= {tile, slot, running && ends_group, is_or && (across != 0 || down != 0),
        running && !idle && last_of_tile && (is_or || window_last), first, tail, running && !idle};
    for (at = 2; at <= DEPTH; at = at + 1) follows[at] <= reset ? {CONTROL{1'b0}} : follows[at - 1];
end
`define WORKS(n) follows[n][0]
`define TAIL(n) follows[n][1]
`define FIRST(n) follows[n][2]
`define RESULT(n) follows[n][3]
`define JOINS(n) follows[n][4]
`define GROUP_ENDS(n) follows[n][5]
`define SLOT(n) follows[n][6 +: SLOT_BITS]
`define TILE(n) follows[n][6 + SLOT_BITS +: TILE_BITS]

// --- weights: a row of all outputs for each step ---

(* rom_style = "block" *) reg [OUTPUTS*WEIGHT_WIDTH-1:0] weights [0:STEPS-1];
initial $readmemh("%weights_file", weights);
reg [STEP_BITS-1:0] step1, step2, step3, step4;
reg [OUTPUTS*WEIGHT_WIDTH-1:0] weights5;
always @(posedge clk) begin
    step1 <= step;
    step2 <= step1;
    step3 <= step2;
    step4 <= step3;
    weights5 <= weights[step4];
end

// --- signs: each pixel reads its own copy of all banks; bank b has the pixels b, b + PIXELS, and so on ---

wire [PIXELS*PARTS*LANES-1:0] written;
reg writing;
reg [SIGNS_BITS-1:0] write_at;
wire [PIXELS-1:0] load_bank;
wire [PIXELS*PARTS*LANES-1:0] read5;
wire [PIXELS-1:0] valid5;
reg [WORD_BITS-1:0] word1, word2;
always @(posedge clk) begin
    word1 <= word;
    word2 <= word1;
end

genvar p, b, o, i;
generate
for (b = 0; b < PIXELS; b = b + 1) begin : banks
    assign load_bank[b] = load && (load_at & (PIXELS - 1)) == b;
end
for (p = 0; p < PIXELS; p = p + 1) begin : ports
    // Where the step's tap is.
    reg signed [PLACE_BITS-1:0] base_x, base_y, x1, y1;
    reg [PLACE_BITS-1:0] column;
    wire wraps = column + advance >= given_width;
    reg inside2, inside3, inside4;
    reg [PIXEL_BITS-1:0] pixel2;
    reg [SIGNS_BITS-1:0] address3;
    reg [BANK_BITS-1:0] bank3, bank4;
    always @(posedge clk) begin
        if (configure) begin
            base_x <= found[(2*PIXELS+p)*PLACE_BITS +: PLACE_BITS];
            base_y <= found[(PIXELS+p)*PLACE_BITS +: PLACE_BITS];
            column <= found[p*PLACE_BITS +: PLACE_BITS];
        end else if (running && ends_group) begin
            column <= wraps ? column + advance - given_width : column + advance;
            base_x <= base_x + (wraps ? wrap_x : advance_x);
            base_y <= base_y + (wraps ? wrap_y : advance_y);
        end
        x1 <= base_x + offset_x + $signed({1'b0, tap_x});
        y1 <= base_y + offset_y + $signed({1'b0, tap_y});
        inside2 <= `WORKS(1) && x1 >= 0 && y1 >= 0 && x1 < width && y1 < height;
        pixel2 <= $unsigned(y1) * $unsigned(width) + $unsigned(x1);
        inside3 <= inside2;
        address3 <= (pixel2 >> PIXELS_LOG) * words_in + word2;
        bank3 <= pixel2 & (PIXELS - 1);
        inside4 <= inside3;
        bank4 <= bank3;
    end
    wire [PIXELS*PARTS*LANES-1:0] read_in, read_a, read_b;
    for (b = 0; b < PIXELS; b = b + 1) begin : copies
        signs_memory #(.WIDTH(PARTS * LANES), .DEPTH(FIRST_DEPTH), .BITS(SIGNS_BITS)) memory_in (
            .clk(clk), .write(load_bank[b]), .write_at(load_at >> PIXELS_LOG), .data(load_word),
            .read_at(address3), .read(read_in[b*PARTS*LANES +: PARTS*LANES]));
        signs_memory #(.WIDTH(PARTS * LANES), .DEPTH(SIGNS_DEPTH), .BITS(SIGNS_BITS)) memory_a (
            .clk(clk), .write(writing && writes == 1), .write_at(write_at),
            .data(written[b*PARTS*LANES +: PARTS*LANES]),
            .read_at(address3), .read(read_a[b*PARTS*LANES +: PARTS*LANES]));
        signs_memory #(.WIDTH(PARTS * LANES), .DEPTH(SIGNS_DEPTH), .BITS(SIGNS_BITS)) memory_b (
            .clk(clk), .write(writing && writes == 2), .write_at(write_at),
            .data(written[b*PARTS*LANES +: PARTS*LANES]),
            .read_at(address3), .read(read_b[b*PARTS*LANES +: PARTS*LANES]));
    end
    wire [PIXELS*PARTS*LANES-1:0] read = reads == 0 ? read_in : reads == 1 ? read_a : read_b;
    reg [PARTS*LANES-1:0] chosen;
    reg inside5;
    always @(posedge clk) begin
        chosen <= read[bank4*PARTS*LANES +: PARTS*LANES];
        inside5 <= inside4;
    end
    assign read5[p*PARTS*LANES +: PARTS*LANES] = chosen;
    assign valid5[p] = inside5;
end
endgenerate

// --- products and sums ---

wire [PIXELS*OUTPUTS*PARTS*SUM_BITS-1:0] sums9;
generate
for (p = 0; p < PIXELS; p = p + 1) begin : pixels
    wire [LANES-1:0] mask5 = valid5[p] ? (`TAIL(5) ? tail_mask : {LANES{1'b1}}) : {LANES{1'b0}};
    reg [COUNT_BITS-1:0] count6, count7;
    always @(posedge clk) begin
        count6 <= valid5[p] ? (`TAIL(5) ? tail_count : LANES) : {COUNT_BITS{1'b0}};
        count7 <= count6;
    end
    for (o = 0; o < OUTPUTS; o = o + 1) begin : summed
        wire [WEIGHT_WIDTH-1:0] own = weights5[o*WEIGHT_WIDTH +: WEIGHT_WIDTH];
%products
    end
end
endgenerate
%given
%stream
// --- norms and signs: a row of tests for each tile ---

(* rom_style = "block" *) reg [OUTPUTS*PARTS*TEST_WIDTH-1:0] tests [0:TILES-1];
initial $readmemh("%tests_file", tests);
reg [OUTPUTS*PARTS*TEST_WIDTH-1:0] tests9;
always @(posedge clk) tests9 <= tests[`TILE(8)];
wire [PIXELS*OUTPUTS*PARTS-1:0] bits;
generate
for (p = 0; p < PIXELS; p = p + 1) begin : signed_pixels
    for (o = 0; o < OUTPUTS; o = o + 1) begin : signed_outputs
        for (i = 0; i < PARTS; i = i + 1) begin : signed_parts
            %test #(.SUM_BITS(SUM_BITS), .TEST_WIDTH(TEST_WIDTH)) unit (
                .clk(clk), .test(tests9[(o*PARTS+i)*TEST_WIDTH +: TEST_WIDTH]),
%tested
                .positive(bits[(p*OUTPUTS+o)*PARTS+i]));
        end
    end
end

// --- signs of a group are put together, and written word by word while the next group is multiplied ---

for (p = 0; p < PIXELS; p = p + 1) begin : gathers
    for (i = 0; i < PARTS; i = i + 1) begin : gathered_parts
        reg [SLOTS*OUTPUTS-1:0] gathered;
        reg [ROOM-1:0] shifted;
        integer s, n;
        always @(posedge clk) begin
            if (`RESULT(9 + NORM))
                for (s = 0; s < SLOTS; s = s + 1)
                    if (`SLOT(9 + NORM) == s)
                        for (n = 0; n < OUTPUTS; n = n + 1)
                            gathered[s*OUTPUTS+n] <= bits[(p*OUTPUTS+n)*PARTS+i]
                                | (`JOINS(9 + NORM) & gathered[s*OUTPUTS+n]);
            if (`GROUP_ENDS(10 + NORM) && words_out != 0) shifted <= gathered;
            else if (writing) shifted <= shifted >> LANES;
        end
        assign written[(p*PARTS+i)*LANES +: LANES] = shifted[0 +: LANES];
    end
end
endgenerate
reg [WORD_BITS:0] words_left;
always @(posedge clk) begin
    if (reset || state == PREPARE) writing <= 1'b0;
    else if (`GROUP_ENDS(10 + NORM) && words_out != 0) writing <= 1'b1;
    else if (words_left == 1) writing <= 1'b0;
    if (`GROUP_ENDS(10 + NORM)) words_left <= words_out;
    else if (writing) words_left <= words_left - 1'b1;
    if (configure) write_at <= 0;
    else if (writing) write_at <= write_at + 1'b1;
end
assign signs_valid = writing;
assign signs = written;

endmodule

// One port to write, one to read.
module signs_memory #(parameter WIDTH = 1, DEPTH = 1, BITS = 1) (
    input wire clk,
    input wire write,
    input wire [BITS-1:0] write_at,
    input wire [WIDTH-1:0] data,
    input wire [BITS-1:0] read_at,
    output reg [WIDTH-1:0] read
);
reg [WIDTH-1:0] words [0:DEPTH-1];
always @(posedge clk) begin
    if (write) words[write_at] <= data;
    read <= words[read_at];
end
endmodule

%parts

`default_nettype wire
