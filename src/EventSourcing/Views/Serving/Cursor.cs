using System.Buffers.Text;
using System.Text.Json;
using EventSourcing.Storage;

namespace EventSourcing.Views.Serving;

/// <summary>The place of a document in the order of a query, as an opaque text: the shape of the query, the value that it is ordered by, and the key.</summary>
internal static class Cursor
{
    internal static string Print(StoredViewRow row, string shape)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartArray();
            json.WriteStringValue(shape);
            json.WriteNumberValue((int)row.Order.Kind);
            switch (row.Order.Kind)
            {
                case ViewValueKind.Text: json.WriteStringValue(row.Order.Text); break;
                case ViewValueKind.WholeNumber: json.WriteNumberValue(row.Order.WholeNumber); break;
                case ViewValueKind.Number: json.WriteNumberValue(BitConverter.DoubleToInt64Bits(row.Order.Number)); break;
                default: json.WriteNullValue(); break;
            }

            json.WriteStringValue(row.Key);
            json.WriteEndArray();
        }

        return Base64Url.EncodeToString(bytes.ToArray());
    }

    /// <exception cref="ArgumentException">The text is no cursor of such a query.</exception>
    internal static (ViewValue Order, string Key) Parse(string cursor, string shape)
    {
        try
        {
            using var json = JsonDocument.Parse(Base64Url.DecodeFromChars(cursor));
            var root = json.RootElement;
            if (root.GetArrayLength() == 4 && root[0].GetString() == shape)
            {
                ViewValue order = (ViewValueKind)root[1].GetInt32() switch
                {
                    ViewValueKind.Text => root[2].GetString(),
                    ViewValueKind.WholeNumber => root[2].GetInt64(),
                    ViewValueKind.Number => BitConverter.Int64BitsToDouble(root[2].GetInt64()),
                    _ => default,
                };
                return (order, root[3].GetString() ?? throw new FormatException());
            }
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
            throw new ArgumentException($"'{cursor}' is no cursor.", nameof(cursor), e);
        }

        throw new ArgumentException($"'{cursor}' is a cursor of another query: another projection or another order.", nameof(cursor));
    }
}
