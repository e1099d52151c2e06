using System.Runtime.CompilerServices;
using System.Threading.Channels;
using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Following;

/// <summary>Reads events on one thread and decodes their pages on several, while another one handles them in order.</summary>
internal static class DecodedPages
{
    // Enough that neither side waits for single pages; each page has at most 1,024 events.
    private const int PagesAhead = 8;

    /// <summary>The pages of a read, ending at the head of its first one. Other processes may append meanwhile.</summary>
    internal static IAsyncEnumerable<DecodedPage<Envelopes>> ReadAsync(IEventLog log, EventCodec codec, AllRead read, CancellationToken cancellationToken)
    {
        return ReadAsync<Envelopes>(log, Decode, read, cancellationToken);

        bool Decode(in RecordedEvent e, out Envelopes decoded)
        {
            decoded = codec.Read(e);
            return true;
        }
    }

    /// <summary>The pages of a read, ending at the head of its first one, by a decoder of the caller's.</summary>
    internal static async IAsyncEnumerable<DecodedPage<T>> ReadAsync<T>(IEventLog log, EventDecoder<T> decoder, AllRead read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pages = Channel.CreateBounded<Task<Decoded<T>>>(new BoundedChannelOptions(PagesAhead) { SingleReader = true, SingleWriter = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var producer = Task.Run(() => ProduceAsync(log, decoder, read, pages.Writer, stop.Token), CancellationToken.None);
        try
        {
            while (await pages.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                while (pages.Reader.TryRead(out var decoding))
                {
                    var (page, error) = await decoding.ConfigureAwait(false);
                    yield return page;
                    if (error is not null) throw error;
                }
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await producer.ConfigureAwait(false);
            while (pages.Reader.TryRead(out var decoding)) await ((Task)decoding).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task ProduceAsync<T>(IEventLog log, EventDecoder<T> decoder, AllRead read, ChannelWriter<Task<Decoded<T>>> writer, CancellationToken cancellationToken)
    {
        try
        {
            for (var pages = new LogPages(read with { IncludeToken = true }); pages.Next is AllRead next && await writer.WaitToWriteAsync(cancellationToken).ConfigureAwait(false);)
            {
                var page = await log.ReadAsync(next, cancellationToken).ConfigureAwait(false);
                try
                {
                    pages.Take(page);
                }
                catch
                {
                    page.Dispose();
                    throw;
                }

                var head = pages.Head;
                // There is room, and no other writer takes it.
                writer.TryWrite(Task.Run(() => Decode(page, next.ThroughPosition, head, decoder), CancellationToken.None));
            }

            writer.Complete();
        }
        catch (Exception e)
        {
            // Thrown again by the reader, after the pages before it.
            writer.Complete(e);
        }
    }

    /// <summary>Decodes a page and disposes it. An event that cannot be decoded ends the page before it.</summary>
    private static Decoded<T> Decode<T>(LogPage page, GlobalPosition? through, GlobalPosition head, EventDecoder<T> decoder)
    {
        using (page)
        {
            var events = Decode(page, decoder, out var end, out var error);
            end = error is not null ? end : page.IsLast ? through ?? page.Head : GlobalPosition.FromInt64(page.Next - 1);
            return new(new(events, end, page.Token, head), error);
        }
    }

    private static T[] Decode<T>(LogPage page, EventDecoder<T> decoder, out GlobalPosition end, out EventSerializationException? error)
    {
        var decoded = new T[page.Events.Length];
        var count = 0;
        (end, error) = (default, null);
        foreach (ref readonly var e in page.Events)
        {
            try
            {
                if (decoder(e, out var one)) decoded[count++] = one;
            }
            catch (EventSerializationException thrown)
            {
                (end, error) = (GlobalPosition.FromInt64(e.Position.ToInt64() - 1), thrown);
                break;
            }
        }

        return count == decoded.Length ? decoded : decoded[..count];
    }

    private readonly record struct Decoded<T>(DecodedPage<T> Page, EventSerializationException? Error);
}
