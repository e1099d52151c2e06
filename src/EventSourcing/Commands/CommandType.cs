using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing.Commands;

/// <summary>A type of command with its handler, which decides and adds the events to the context.</summary>
internal sealed record CommandType(string Name, Type ClrType, JsonTypeInfo Contract, Func<object, CommandContext, CancellationToken, ValueTask> Handle)
{
    /// <summary>Adds the command's name and content to its fingerprint.</summary>
    internal void AppendTo(IncrementalHash hash, object command)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(command, Contract);
        hash.AppendData(Encoding.UTF8.GetBytes($"{Name}\0{json.Length}\0"));
        hash.AppendData(json);
    }
}
