using System.Text.Json;
using EventSourcing.Serialization;

namespace EventSourcing;

/// <summary>A <see cref="Tag"/> as its text, name and value joined by a colon; <c>default</c> as null, and as the empty key of a dictionary.</summary>
/// <remarks>Reads the object with the properties <c>Name</c> and <c>Value</c> that version 0.1 wrote, too.</remarks>
public sealed class TagConverter : ValueJsonConverter<Tag>
{
    /// <summary>Makes a converter. Source-generated contracts call it.</summary>
    public TagConverter()
        : base("a tag, name and value joined by a colon")
    {
    }

    private protected override string? ReadFormer(ref Utf8JsonReader reader) =>
        FormerJson.Properties(ref reader, nameof(Tag.Name), nameof(Tag.Value)) is (var name, var value) ? $"{name}:{value}" : null;
}
