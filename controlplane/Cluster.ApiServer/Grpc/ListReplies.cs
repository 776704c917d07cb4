using Cluster.Api.ResourceV1;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Grpc;

/// <summary>The messages of a list: bounded, and around the shared bytes of its objects.</summary>
internal static class ListReplies
{
    public static IEnumerable<ListReply> Of(ListResult page)
    {
        var version = ResourceVersions.Format(page.Revision);
        var reply = new ListReply { ResourceVersion = version };
        var bytes = 0;
        foreach (var item in page.Items)
        {
            if (bytes >= WatchReplies.ReplyBytes)
            {
                yield return reply;
                (reply, bytes) = (new ListReply { ResourceVersion = version }, 0);
            }

            reply.Objects.Add(Envelopes.Wrap(item.Protobuf));
            bytes += item.Protobuf.Length;
        }

        (reply.Continue, reply.RemainingItemCount) = (page.Continue, page.RemainingItemCount ?? 0);
        yield return reply;
    }
}
