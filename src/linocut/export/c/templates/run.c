/* An instruction: its kernel, and where its operands and attributes begin. */
typedef struct {
    lino_kernel *kernel;
    uint16_t operand, attribute;
    uint8_t operands;
} instruction;

enum { ABSENT = 0xFFFF, MOST_OPERANDS = $most_operands };

$tables

static void run(uint8_t *arena, const instruction *one)
{
    lino_operand given[MOST_OPERANDS];
    lino_call call;
    uint32_t k;
    memset(given, 0, sizeof given);
    for (k = 0; k < one->operands; ++k) {
        const uint16_t index = operands[one->operand + k];
        const buffer *from = buffers + index;
        if (index == ABSENT) continue;
        given[k].data = $place;
        given[k].shape = shapes + from->shape;
        given[k].rows = (lino_size)from->rows;
        given[k].cols = (lino_size)from->cols;
        given[k].format = from->format;
    }
    call.operands = given;
    call.attributes = attributes + one->attribute;
    one->kernel(&call);
}
