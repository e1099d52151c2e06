using System.Text;

namespace EventSourcing.Benchmarks;

/// <summary>The event of the log benchmarks: 200 bytes of data and 100 of metadata, both JSON.</summary>
internal static class Sample
{
    public const string Type = "OrderPlaced";

    public static Guid Id { get; } = new("0190163d-8694-739b-aea5-966c26f8ad91");

    public static byte[] Data { get; } = Padded("""{"orderId":"4f1c2a90-8d3e-4b6a-9c77-1b2d3e4f5a6b","customer":"customer-00042","total":45.05,"items":[{"sku":"A-1001","quantity":2},{"sku":"B-2002","quantity":1}],"note":" """, 200);

    public static byte[] Metadata { get; } = Padded("""{"user":"user-17","source":"orders-api","trace":" """, 100);

    /// <summary>Names of one length: <c>order-0000042</c>.</summary>
    public static string[] ShortNames(int count) => [.. Enumerable.Range(0, count).Select(i => $"order-{i:D7}")];

    /// <summary>Names that scatter over an index: <c>order-</c> and a GUID, the same ones in every run.</summary>
    public static string[] GuidNames(int count) => [.. Enumerable.Range(0, count).Select(i => GuidName((ulong)i))];

    public static string GuidName(ulong number)
    {
        Span<byte> bytes = stackalloc byte[16];
        BitConverter.TryWriteBytes(bytes, Mix(number * 2));
        BitConverter.TryWriteBytes(bytes[8..], Mix((number * 2) + 1));
        return $"order-{new Guid(bytes)}";
    }

    private static byte[] Padded(string start, int length) => Encoding.UTF8.GetBytes(start.TrimEnd().PadRight(length - 2, '.') + "\"}");

    // SplitMix64: neighbouring numbers give unrelated results.
    private static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
