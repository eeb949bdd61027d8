"""The first imgproxy-lite's way of working, rebuilt from its description: Flask, Pillow, a folder of results, waitress."""
import hashlib
import os
import sys

from flask import Flask, abort, request, send_file
from PIL import Image, ImageOps
from waitress import serve

photos, cache, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
app = Flask(__name__)


@app.get("/")
def image():
    key, quality = request.args.get("img", ""), request.args.get("q", type=int)
    path = os.path.realpath(os.path.join(photos, key))
    if not path.startswith(os.path.realpath(photos) + os.sep) or not os.path.isfile(path):
        abort(404)
    if quality is None:
        return send_file(path)
    width = request.args.get("w", type=int)
    name = hashlib.sha256(f"{key} {quality} {width}".encode()).hexdigest()
    made = os.path.join(cache, name + ".jpg")
    if not os.path.exists(made):
        picture = ImageOps.exif_transpose(Image.open(path))
        if width is not None and width < picture.width:
            picture = picture.resize((width, round(picture.height * width / picture.width)), Image.LANCZOS)
        picture.convert("RGB").save(made + ".part", "JPEG", quality=quality)
        os.replace(made + ".part", made)
    return send_file(made, mimetype="image/jpeg")


@app.get("/ready")
def ready():
    return "ok"


serve(app, host="127.0.0.1", port=port, threads=4)
