using System.Text.Json.Serialization;

namespace EventSourcing.Sqlite.Tests.OpenLog;

public sealed record Numbered(int N, string? Name = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Numbered)), JsonSerializable(typeof(string))]
internal sealed partial class OpenLogJson : JsonSerializerContext;

public sealed record Registered(string? Email);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Registered)), JsonSerializable(typeof(Numbered))]
internal sealed partial class CaselessJson : JsonSerializerContext;
