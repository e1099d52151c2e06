using System.Text.Json;

namespace EventSourcing;

/// <summary>A <see cref="GlobalPosition"/> as its text; <see cref="GlobalPosition.Start"/> as null, and as the key <c>0</c> of a dictionary.</summary>
/// <remarks>Version 0.1 wrote an empty object, which does not hold the position: reading it is an error.</remarks>
public sealed class GlobalPositionConverter : ValueJsonConverter<GlobalPosition>
{
    /// <summary>Makes a converter. Source-generated contracts call it.</summary>
    public GlobalPositionConverter()
        : base("a position in a log")
    {
    }

    private protected override string? ReadFormer(ref Utf8JsonReader reader) =>
        throw new JsonException("An object holds no position in a log. Version 0.1 wrote positions without their value: they are lost.");
}
