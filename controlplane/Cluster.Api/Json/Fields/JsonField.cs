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

    /// <summary>Makes of a value that came in protobuf what reading its JSON would have made.</summary>
    /// <exception cref="JsonDecodeException">JSON could not have said it.</exception>
    public virtual void Normalize(IMessage message)
    {
    }
}
