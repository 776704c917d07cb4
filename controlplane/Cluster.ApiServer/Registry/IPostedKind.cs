using Cluster.Api;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Registry;

/// <summary>A kind that is posted and answered, and never stored: a question (SubjectAccessReview) or an order (Eviction).</summary>
public interface IPostedKind
{
    /// <summary>What it answers: the resource (<c>tokenreviews.authentication.k8s.io</c>), or resource and part (<c>pods/eviction</c>).</summary>
    string Target { get; }

    /// <summary>Answers.</summary>
    /// <param name="scope">Who asks, and where.</param>
    /// <param name="obj">The body; the answer may be the same object, filled in.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StatusException">It is no good question, or the order cannot be followed.</exception>
    ValueTask<EncodedMessage> PostAsync(RequestScope scope, IApiObject obj, CancellationToken cancellationToken);
}
