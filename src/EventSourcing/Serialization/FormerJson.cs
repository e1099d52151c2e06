using System.Text;
using System.Text.Json;

namespace EventSourcing.Serialization;

/// <summary>Reads values in the form that they had in JSON before they were text: an object of their public properties.</summary>
internal static class FormerJson
{
    /// <summary>A property of the object that the reader is at the start of, whatever the case of its name, as text; null when it is not there or null. Leaves the reader at the object's end.</summary>
    internal static string? Property(ref Utf8JsonReader reader, string name) => Properties(ref reader, name, "").First;

    /// <summary>Two properties.</summary>
    internal static (string? First, string? Second) Properties(ref Utf8JsonReader reader, string first, string second)
    {
        (string? First, string? Second) found = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            var value = reader.TokenType switch
            {
                JsonTokenType.String => reader.GetString(),
                JsonTokenType.Number => Encoding.UTF8.GetString(reader.ValueSpan),
                _ => null,
            };
            reader.Skip();
            if (name.Equals(first, StringComparison.OrdinalIgnoreCase)) found.First = value;
            else if (name.Equals(second, StringComparison.OrdinalIgnoreCase)) found.Second = value;
        }

        return found;
    }
}
