using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using CsCheck;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Serialization;

public class JsonEventSerializerTests
{
    private static readonly JsonEventSerializer Serializer = new();

    private static readonly EventTypeMap[] Maps =
    [
        Shop.Types,
        Map(new() { WriteIndented = true, IndentSize = 3 }),
        Map(new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseUpper }),
    ];

    private static readonly Gen<object> Events = Gen.OneOf<object>(
        Gen.Select(Gen.String, Gen.Decimal, Gen.Select(Gen.String, Gen.Int, (sku, quantity) => new OrderLine(sku, quantity)).Array[0, 4])
            .Select((customer, total, lines) => (object)new OrderCreated(Whole(customer), total, lines.Select(line => line with { Sku = Whole(line.Sku) }).ToArray())),
        Gen.Decimal.Select(amount => (object)new OrderPaid(amount)),
        Gen.Select(Gen.String, Gen.Int).Select((sku, quantity) => (object)new ItemAdded(Whole(sku), quantity)));

    [Test]
    public void Event_reads_back_as_it_was_written() =>
        Gen.Select(Events, Gen.Int[0, Maps.Length - 1]).Sample((e, i) =>
        {
            Maps[i].TryGet(e.GetType(), out var type).Should().BeTrue();
            var output = new ArrayBufferWriter<byte>();
            Serializer.Serialize(type!, e, output);
            var read = Serializer.Deserialize(type!, new(type!.Name, output.WrittenMemory));
            return e is OrderCreated { Lines: { } lines } created
                ? read is OrderCreated other && other.Lines!.SequenceEqual(lines) && other with { Lines = lines } == created
                : read.Equals(e);
        });

    [Test]
    public void Json_is_the_same_as_that_of_the_framework() =>
        Gen.Select(Events, Gen.Int[0, Maps.Length - 1]).Sample((e, i) =>
        {
            Maps[i].TryGet(e.GetType(), out var type).Should().BeTrue();
            var output = new ArrayBufferWriter<byte>();
            Serializer.Serialize(type!, e, output);
            return output.WrittenSpan.SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(e, type!.Contract!));
        });

    private static EventTypeMap Map(JsonSerializerOptions options)
    {
        var json = new ShopJson(options);
        return EventTypeMap.Create(json, map => map.Add<OrderCreated>("order-created").Add<OrderPaid>("order-paid").Add<ItemAdded>("item-added"));
    }

    // JSON has no lone surrogates: the writer replaces them.
    private static string Whole(string text) => string.Concat(text.EnumerateRunes().Select(rune => rune.ToString()));
}
