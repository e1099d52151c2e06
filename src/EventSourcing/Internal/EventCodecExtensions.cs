namespace EventSourcing.Internal;

/// <summary>Gives type maps their codec, which uses types of higher layers than theirs.</summary>
internal static class EventCodecExtensions
{
    extension(EventTypeMap types)
    {
        /// <summary>The codec of the map.</summary>
        internal EventCodec Codec => EventCodec.Of(types);
    }
}
