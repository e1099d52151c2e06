using System.Text.Json;
using EventSourcing.Serialization;

namespace EventSourcing;

/// <summary>An <see cref="ExpectedVersion"/> as its text: <c>no stream</c>, <c>stream exists</c> or the digits of the version; <see cref="ExpectedVersion.Any"/> as null, and as the key <c>any</c> of a dictionary.</summary>
/// <remarks>Reads the object with the property <c>Version</c> that version 0.1 wrote, too, where it holds a version.</remarks>
public sealed class ExpectedVersionConverter : ValueJsonConverter<ExpectedVersion>
{
    /// <summary>Makes a converter. Source-generated contracts call it.</summary>
    public ExpectedVersionConverter()
        : base("an expected version")
    {
    }

    private protected override string? ReadFormer(ref Utf8JsonReader reader) => FormerJson.Property(ref reader, nameof(ExpectedVersion.Version));
}
