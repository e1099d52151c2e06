using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;

namespace EventSourcing.AspNetCore.Internal;

/// <summary>The JSON contracts of problem details and of their members.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProblemDetails)), JsonSerializable(typeof(JsonElement)), JsonSerializable(typeof(string)), JsonSerializable(typeof(long)), JsonSerializable(typeof(int)), JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(Mismatch[]))]
internal sealed partial class ProblemJson : JsonSerializerContext;
