using System.Text;
using Google.Protobuf;

namespace Cluster.Api.Json.Fields;

/// <summary>One JSON key of a message: how its value is read into the message and written from it.</summary>
internal abstract class JsonField(string name)
{
    /// <summary>The key.</summary>
    public string Name { get; } = name;

    /// <summary>The key as it stands in the text: <c>"key":</c>.</summary>
    protected byte[] Prefix { get; } = Encoding.UTF8.GetBytes($"\"{name}\":");

    /// <summary>Reads the value the reader is on, which is not null.</summary>
    public abstract void Read(ref JsonInput input, IMessage message);

    /// <summary>Writes key and value, or nothing.</summary>
    public abstract void Write(ref JsonOutput output, IMessage message);
}
