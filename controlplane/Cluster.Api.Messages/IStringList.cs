using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cluster.Api;

/// <summary>A message that stands for a plain list of strings: Verbs and the ExtraValues.</summary>
public interface IStringList : IMessage
{
    RepeatedField<string> Items { get; }
}
