using System.Text.Json.Serialization;

namespace Orders.Tests;

[JsonSerializable(typeof(string))]
internal sealed partial class TestJson : JsonSerializerContext;
