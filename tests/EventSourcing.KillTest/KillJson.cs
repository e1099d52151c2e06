using System.Text.Json.Serialization;
using EventSourcing.KillTest.Views;

namespace EventSourcing.KillTest;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Happened)), JsonSerializable(typeof(Follow)), JsonSerializable(typeof(Numbered)), JsonSerializable(typeof(long))]
[JsonSerializable(typeof(Stocked)), JsonSerializable(typeof(Regrouped)), JsonSerializable(typeof(Discarded)), JsonSerializable(typeof(CountRow)), JsonSerializable(typeof(ItemRow))]
internal sealed partial class KillJson : JsonSerializerContext;
