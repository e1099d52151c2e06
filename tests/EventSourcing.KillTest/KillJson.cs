using System.Text.Json.Serialization;

namespace EventSourcing.KillTest;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Happened)), JsonSerializable(typeof(Follow)), JsonSerializable(typeof(Numbered)), JsonSerializable(typeof(long))]
internal sealed partial class KillJson : JsonSerializerContext;
