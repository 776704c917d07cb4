using Cluster.Api;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Rest;

/// <summary>The objects of one watch's events in the form its client asked for.</summary>
/// <param name="format">JSON or protobuf, and what is seen of the objects.</param>
/// <param name="table">Makes the rows, where those are wanted.</param>
internal sealed class WatchBodies(ResponseFormat format, TableBody? table)
{
    // In the order of ResourceEventType.
    private static readonly string[] Types = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"];

    private bool _columnsSent;

    public bool AreProtobuf => format.IsProtobuf;

    public static string TypeOf(in ResourceEvent change) => Types[(int)change.Type];

    /// <summary>Shared bytes where the whole object is wanted. The columns of a table come with the first event alone.</summary>
    public ReadOnlyMemory<byte> Of(in ResourceEvent change)
    {
        var message = change.Object;
        if (table is not null)
        {
            var meta = new ListMeta { ResourceVersion = ((IApiObject)message.Message).Metadata.ResourceVersion };
            var rows = table.Write(meta, [message], withColumns: !_columnsSent);
            _columnsSent = true;
            return rows;
        }

        return Encoded(format.View == ObjectView.Metadata ? PartialMetadata.Of((IApiObject)message.Message, format.ViewVersion) : message);
    }

    /// <summary>The object of the ERROR event that ends a watch.</summary>
    public ReadOnlyMemory<byte> Of(StatusException failure) => Encoded(new EncodedMessage(failure.Status, "v1", "Status"));

    private ReadOnlyMemory<byte> Encoded(EncodedMessage message) => format.IsProtobuf ? message.Protobuf : message.Json;
}
