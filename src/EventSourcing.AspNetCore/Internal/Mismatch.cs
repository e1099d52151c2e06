using System.Text.Json.Serialization;

namespace EventSourcing.AspNetCore.Internal;

/// <summary>One stream of a failed append, as problem details show it.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Expected">The expected version.</param>
/// <param name="Found">The version that it has.</param>
internal sealed record Mismatch([property: JsonPropertyName("stream")] string Stream, [property: JsonPropertyName("expected")] string Expected, [property: JsonPropertyName("found")] long Found);
