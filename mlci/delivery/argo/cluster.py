"""The API server, as JSON; every request has an end, and any other answer than success is an error.

The client of the Kubernetes project knows how to get in: kubeconfig, plug-ins for credentials, the
service account of a pod and how its token is renewed, proxies. Its models of objects aren't used:
to read a Rollout into one costs more than all the rest.
"""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from mlci.delivery.argo.answers import no_answer, refused
from mlci.delivery.argo.stream import Stream
from mlci.errors import Broken

CONNECT, ANSWER = 5.0, 30.0  # seconds
API = "/apis/argoproj.io/v1alpha1"

Json = dict[str, Any]


class Cluster:
    """One namespace of a cluster; several threads may use it at once.

    Each method raises Refused (a Broken that has a ``code``) for another answer than success, and
    Broken for none.
    """

    def __init__(self, api: Any, namespace: str) -> None:
        self._api = api
        self.namespace = namespace
        self.server: str = api.configuration.host
        self.rollouts = f"{API}/namespaces/{namespace}/rollouts"
        self.analyses = f"{API}/namespaces/{namespace}/analysisruns"
        self.configmaps = f"/api/v1/namespaces/{namespace}/configmaps"

    @property
    def identity(self) -> str:
        """The namespace's uid: another one where the cluster isn't the one that it was. Asks."""
        return str(self.get(f"/api/v1/namespaces/{self.namespace}")["metadata"]["uid"])

    def get(self, path: str, **query: str) -> Json:
        return self._json("GET", path, query)

    def create(self, path: str, document: Json) -> Json:
        return self._json("POST", path, {}, document)

    def patch(self, path: str, document: Json) -> Json:
        """A merge patch (RFC 7386). With a resourceVersion in ``document``, Refused with code 409
        where the object isn't as it was."""
        return self._json("PATCH", path, {}, document)

    def watch(self, path: str, *, seconds: float, silence: float, **query: str) -> Stream:
        """Changes from ``resourceVersion`` on, for ``seconds``: then the server ends them. Another
        ``silence`` seconds may pass without a word."""
        asked = {"watch": "true", "allowWatchBookmarks": "true", **query}
        asked["timeoutSeconds"] = str(max(1, round(seconds)))
        response = self._sent("GET", path, asked, read=seconds + silence)
        return Stream(response, self._place("GET", path))

    def close(self) -> None:
        self._api.close()

    def _json(
        self, method: str, path: str, query: dict[str, str], document: Json | None = None
    ) -> Json:
        from urllib3.exceptions import HTTPError

        place = self._place(method, path)
        response = self._sent(method, path, query, document)
        try:
            found = json.loads(response.data)
        except (ValueError, HTTPError, OSError) as error:
            raise no_answer(place, error) from None
        if not isinstance(found, dict):
            raise no_answer(place, f"JSON that is a {type(found).__name__}")
        return found

    def _sent(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        document: Json | None = None,
        read: float = ANSWER,
    ) -> Any:
        """The response to a request that succeeded; its body isn't read yet."""
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        place = self._place(method, path)
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Accept": "application/json", "User-Agent": "mlci", "Content-Type": kind}
        url = f"{self.server}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            self._api.update_params_for_auth(headers, {}, ["BearerToken"], path, method, document)
            response = self._api.call_api(
                method, url, headers, document, _request_timeout=(CONNECT, read)
            ).response
            if not 200 <= response.status < 300:
                raise refused(place, response.status, response.data)
        except (ApiException, HTTPError, OSError) as error:
            reason = error.reason if isinstance(error, ApiException) else error
            raise no_answer(place, reason) from None
        return response

    def _place(self, method: str, path: str) -> str:
        return f"{method} {self.server}{path}"


def connect(namespace: str, kubeconfig: Path | None = None) -> Cluster:
    """By ``kubeconfig``; where there is none, by the service account of the pod, or else as kubectl
    does: by $KUBECONFIG or ~/.kube/config.

    Nothing is asked yet. Raises Broken where there is no way in, or the client isn't installed.
    """
    try:
        from kubernetes import client, config
    except ImportError:
        raise Broken(
            place="engine.argo",
            found="the client of Kubernetes isn't installed",
            expected="the package kubernetes",
            next_step="pip install 'mlci[argo]'",
        ) from None
    settings = client.Configuration()
    try:
        if kubeconfig is None and os.environ.get("KUBERNETES_SERVICE_HOST"):
            config.load_incluster_config(client_configuration=settings)
        else:
            file = str(kubeconfig) if kubeconfig else None
            config.load_kube_config(config_file=file, client_configuration=settings)
    except Exception as error:  # readers of YAML and plug-ins for credentials raise what they like
        raise Broken(
            place=str(kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"),
            found=" ".join(str(error).split()) or type(error).__name__,
            expected="a kubeconfig, or the service account of a pod",
            next_step="set KUBECONFIG",
        ) from None
    settings.retries = False  # when to ask again is for those to decide who ask
    return Cluster(client.ApiClient(settings), namespace)
