namespace EventSourcing;

internal enum AsOfKind
{
    Position,
    Version,
    Time,
    Head,
}
