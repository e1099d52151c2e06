using System.Text.Json;
using EventSourcing.Storage;

namespace EventSourcing.Views.Tallies;

/// <summary>The stored form of a row: one flat object with dimensions and figures by their names, in order of declaration. Decimals are without trailing zeros, so equal rows have equal bytes.</summary>
internal static class TallyJson
{
    internal static void Write(Utf8JsonWriter writer, TallyShape shape, ReadOnlySpan<ViewValue> dimensions, ReadOnlySpan<decimal?> figures)
    {
        writer.WriteStartObject();
        for (var i = 0; i < dimensions.Length; i++)
        {
            var name = shape.EncodedColumns[i];
            if (dimensions[i].Kind == ViewValueKind.Null) writer.WriteNull(name);
            else if (dimensions[i].Kind == ViewValueKind.WholeNumber) writer.WriteNumber(name, dimensions[i].WholeNumber);
            else writer.WriteString(name, dimensions[i].Text);
        }

        for (var i = 0; i < figures.Length; i++)
        {
            var name = shape.EncodedColumns[dimensions.Length + i];
            if (figures[i] is { } number) writer.WriteNumber(name, ExactDecimal.Normalize(number));
            else writer.WriteNull(name);
        }

        writer.WriteEndObject();
    }

    /// <exception cref="JsonException">It is not a row of this shape.</exception>
    internal static (ViewValue[] Dimensions, decimal?[] Figures) Read(ReadOnlySpan<byte> json, TallyShape shape)
    {
        var (dimensions, figures) = (new ViewValue[shape.Dimensions.Length], new decimal?[shape.Figures.Length]);
        var reader = new Utf8JsonReader(json);
        Expect(reader.Read() && reader.TokenType == JsonTokenType.StartObject);
        for (var i = 0; i < dimensions.Length; i++)
        {
            ReadName(ref reader, shape.EncodedColumns[i]);
            dimensions[i] = ReadDimension(ref reader);
        }

        for (var i = 0; i < figures.Length; i++)
        {
            ReadName(ref reader, shape.EncodedColumns[dimensions.Length + i]);
            figures[i] = ReadFigure(ref reader);
        }

        Expect(reader.Read() && reader.TokenType == JsonTokenType.EndObject && !reader.Read());
        return (dimensions, figures);
    }

    private static void ReadName(ref Utf8JsonReader reader, JsonEncodedText name) =>
        Expect(reader.Read() && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals(name.EncodedUtf8Bytes) && reader.Read());

    private static ViewValue ReadDimension(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null) return default;
        if (reader.TokenType == JsonTokenType.String) return ViewValue.Of(reader.GetString());
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number)) return ViewValue.Of(number);
        throw new JsonException("A dimension is neither a text nor an integer.");
    }

    private static decimal? ReadFigure(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDecimal(out var number)) return number;
        throw new JsonException("A figure is not a decimal.");
    }

    private static void Expect(bool isExpected)
    {
        if (!isExpected) throw new JsonException("It is not a row of this tally.");
    }
}
